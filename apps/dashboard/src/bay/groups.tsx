import { useState } from 'react';
import { call } from '../api/client.js';
import type { NodeGroup } from '../api/types.js';
import { useDeed } from '../api/use-deed.js';
import { useLive } from '../api/use-live.js';
import { ChoiceField, Refusal, Sheet, Table, TextField } from '../parts/fields.js';
import { Status } from '../parts/pieces.js';
import { useReadOnlyReason } from '../session/session-context.js';

const NEVER = 3_600_000;

interface GroupsProps {
  readonly uuid: string;
  readonly groups: readonly NodeGroup[];
  readonly onDone: () => void;
}

/** Groups of workers: their bounds, more of them, and their end. How many nodes each has is set in the overview. */
export function Groups({ uuid, groups, onDone }: GroupsProps) {
  return (
    <>
      <Table title="Node groups" heads={['Group', 'Role', 'State', 'Nodes', 'Bounds', 'Flavor', '']}>
        {groups.map((group) => (
          <Row key={group.uuid} uuid={uuid} group={group} onDone={onDone} />
        ))}
      </Table>
      <NewGroup uuid={uuid} onDone={onDone} />
    </>
  );
}

function Row({
  uuid,
  group,
  onDone,
}: {
  readonly uuid: string;
  readonly group: NodeGroup;
  readonly onDone: () => void;
}) {
  const off = useReadOnlyReason();
  const deed = useDeed();
  const [asks, setAsks] = useState<'bounds' | 'end' | null>(null);
  const at = `/v1/clusters/${encodeURIComponent(uuid)}/nodegroups/${encodeURIComponent(group.uuid)}`;
  const least = String(group.min_node_count);
  const bounds = group.max_node_count === null ? `${least} or more` : `${least} to ${String(group.max_node_count)}`;
  const done = (): void => {
    setAsks(null);
    onDone();
  };
  return (
    <>
      <tr>
        <th scope="row">{group.name}</th>
        <td>{group.role}</td>
        <td>
          <Status status={group.status} />
        </td>
        <td>{group.node_count}</td>
        <td>{group.role === 'master' ? '' : bounds}</td>
        <td>{group.flavor_id ?? 'the default'}</td>
        <td>
          {group.role !== 'master' && (
            <button
              disabled={off !== null}
              title={off ?? undefined}
              aria-label={`Bounds of ${group.name}`}
              onClick={() => {
                setAsks(asks === 'bounds' ? null : 'bounds');
              }}
            >
              Bounds
            </button>
          )}{' '}
          {!group.is_default && (
            <button
              disabled={off !== null}
              title={off ?? undefined}
              aria-label={`Delete ${group.name}`}
              onClick={() => {
                setAsks(asks === 'end' ? null : 'end');
              }}
            >
              Delete
            </button>
          )}
        </td>
      </tr>
      {asks !== null && (
        <tr>
          <td colSpan={7}>
            {asks === 'bounds' ? (
              <Sheet
                title={`Bounds of ${group.name}`}
                action="Set the bounds"
                {...{ off, deed }}
                onSubmit={(text) => {
                  deed.run(async () => {
                    const replace = (path: string, value: number) => ({ op: 'replace', path, value });
                    // On the wire 0 is no bound.
                    await call('PATCH', at, [
                      replace('/min_node_count', Number(text('min'))),
                      replace('/max_node_count', Number(text('max'))),
                    ]);
                    done();
                  });
                }}
              >
                <TextField name="min" label="Never fewer than" type="number" most={10_000} required />
                <TextField name="max" label="Never more than" hint="none when left out" type="number" most={10_000} />
              </Sheet>
            ) : (
              <div className="sheet">
                <p>
                  The {group.node_count} nodes of {group.name} are drained and removed, with everything on them.
                </p>
                <Refusal text={deed.refusal} />
                <button
                  className="danger"
                  onClick={() => {
                    deed.run(async () => {
                      await call('DELETE', at);
                      done();
                    });
                  }}
                >
                  Delete {group.name}
                </button>{' '}
                <button
                  onClick={() => {
                    setAsks(null);
                  }}
                >
                  Keep it
                </button>
              </div>
            )}
          </td>
        </tr>
      )}
    </>
  );
}

function NewGroup({ uuid, onDone }: { readonly uuid: string; readonly onDone: () => void }) {
  const off = useReadOnlyReason();
  const deed = useDeed();
  const flavors = useLive<{ readonly flavors: readonly { readonly name: string }[] }>('/v1/flavors', () => NEVER);
  const known = flavors.data?.flavors ?? [];
  return (
    <Sheet
      title="Another group"
      action="Make the group"
      {...{ off, deed }}
      onSubmit={(text, form) => {
        deed.run(async () => {
          await call('POST', `/v1/clusters/${encodeURIComponent(uuid)}/nodegroups`, {
            ...{ name: text('name'), node_count: Number(text('nodes')), min_node_count: Number(text('min')) },
            ...(text('max') !== '' && { max_node_count: Number(text('max')) }),
            ...(text('flavor') !== '' && { flavor_id: text('flavor') }),
          });
          form.reset();
          onDone();
        });
      }}
    >
      <TextField name="name" label="Name" required />
      <TextField name="nodes" label="Nodes" type="number" most={10_000} required />
      <TextField name="min" label="Never fewer than" type="number" most={10_000} />
      <TextField name="max" label="Never more than" type="number" most={10_000} />
      <ChoiceField
        name="flavor"
        label="Flavor"
        choices={[['', 'as the bay'], ...known.map(({ name }) => [name, name] as const)]}
      />
    </Sheet>
  );
}
