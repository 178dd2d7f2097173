import { useState } from 'react';

/** Something that a person asked for: whether it is under way, and why it was refused. */
export interface Deed {
  readonly isUnderWay: boolean;
  readonly refusal: string | null;
  /** @param work ends when it is done; what it throws is what was refused */
  readonly run: (work: () => Promise<unknown>) => void;
}

export function useDeed(): Deed {
  const [isUnderWay, setIsUnderWay] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  return {
    isUnderWay,
    refusal,
    run(work) {
      setRefusal(null);
      setIsUnderWay(true);
      work()
        .catch((error: unknown) => {
          setRefusal(error instanceof Error ? error.message : String(error));
        })
        .finally(() => {
          setIsUnderWay(false);
        });
    },
  };
}
