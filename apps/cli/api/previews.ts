import type { Session } from '../session/session.js';
import { bayPath, type NewBay } from './bays.js';
import { JsonReader } from './json-reader.js';

/** What a wish would do, as the service's own planner says. */
export interface PreviewBody {
  readonly changes: readonly {
    readonly change: string;
    readonly node: string;
    readonly role: string;
    readonly nodegroup: string;
    readonly reason: string;
  }[];
}

export type ChangeToPreview =
  | { readonly action: 'delete' | 'retry' }
  | {
      readonly action: 'resize';
      readonly node_count: number;
      readonly nodegroup: string;
      readonly nodes_to_remove?: readonly string[];
    };

/** @throws CommandFailure `refused` as the wish itself would be */
export async function previewBay(session: Session, bay: NewBay): Promise<PreviewBody> {
  return await session.callJson('/bays/preview', readPreview, { method: 'POST', body: bay });
}

export async function previewChange(session: Session, uuid: string, change: ChangeToPreview): Promise<PreviewBody> {
  const path = `/bays/${bayPath(uuid)}/actions/preview`;
  return await session.callJson(path, readPreview, { method: 'POST', body: change });
}

function readPreview(body: JsonReader): PreviewBody {
  return {
    changes: body.requiredList('changes', (value, place) => {
      const change = new JsonReader(value, place);
      return {
        ...{ change: change.text('change'), node: change.text('node'), role: change.text('role') },
        ...{ nodegroup: change.text('nodegroup'), reason: change.text('reason') },
      };
    }),
  };
}
