import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectLocalCompute } from '@baykeeper/platform';

/** Why real nodes can't be made on this machine; null: they can. Found out by trying. */
export async function whyNotLocal(): Promise<string | null> {
  const directory = await mkdtemp(join(tmpdir(), 'baykeeper-probe-'));
  try {
    const { possible, reason } = await detectLocalCompute(directory);
    return possible ? null : reason;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
