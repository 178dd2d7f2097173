import { call } from '../api/client.js';
import { useDeed } from '../api/use-deed.js';
import { useLive } from '../api/use-live.js';
import { ChoiceField, Sheet, TextField } from '../parts/fields.js';
import { engineWord } from '../parts/words.js';
import { useReadOnlyReason, useSession } from '../session/session-context.js';

const NEVER = 3_600_000;
/** What is not offered here is refused by the service with a sentence, too. */
const ENGINES = ['swarm', 'kubernetes', 'mesos', 'nomad'] as const;

interface Named {
  readonly name: string;
}

/** A baymodel in one form: the rest of what it may say has defaults, and `bay template create` says all of it. */
export function NewTemplate({ engines, onDone }: { readonly engines: readonly string[]; readonly onDone: () => void }) {
  const off = useReadOnlyReason();
  const { is_system_admin: isSystemAdmin } = useSession();
  const deed = useDeed();
  const images = useLive<{ readonly images: readonly Named[] }>('/v1/images', () => NEVER);
  const flavors = useLive<{ readonly flavors: readonly Named[] }>('/v1/flavors', () => NEVER);
  const namesOf = (all: readonly Named[] | undefined) => (all ?? []).map(({ name }) => [name, name] as const);
  // Engines of which there is a baymodel already stand first.
  const ordered = ENGINES.toSorted((a, b) => Number(engines.includes(b)) - Number(engines.includes(a)));
  return (
    <Sheet
      title="A baymodel of your own"
      action="Make the baymodel"
      {...{ off, deed }}
      onSubmit={(text, form) => {
        deed.run(async () => {
          await call('POST', '/v1/clustertemplates', {
            ...{ name: text('name'), coe: text('engine'), image_id: text('image') },
            ...{ master_lb_enabled: text('balanced') !== '', tls_disabled: text('plain') !== '' },
            ...(text('flavor') !== '' && { flavor_id: text('flavor') }),
            ...(text('labels') !== '' && { labels: labelsOf(text('labels')) }),
            ...(text('public') !== '' && { public: true }),
          });
          form.reset();
          onDone();
        });
      }}
    >
      <TextField name="name" label="Name" required />
      <ChoiceField
        name="engine"
        label="Engine"
        choices={ordered.map((engine) => [engine, engineWord(engine)] as const)}
      />
      <ChoiceField name="image" label="Image of the nodes" choices={namesOf(images.data?.images)} />
      <ChoiceField name="flavor" label="Flavor" choices={[['', 'the default'], ...namesOf(flavors.data?.flavors)]} />
      <label>
        Labels <span className="hint">(one a line: name=value)</span>
        <textarea name="labels" rows={3} maxLength={4096} />
      </label>
      <Check name="balanced" title="A load balancer before several masters" />
      <Check name="plain" title="No TLS: anybody who reaches the bay uses it" />
      {isSystemAdmin && <Check name="public" title="For every project" />}
    </Sheet>
  );
}

function Check({ name, title }: { readonly name: string; readonly title: string }) {
  return (
    <label className="check">
      <input type="checkbox" name={name} value="yes" />
      {title}
    </label>
  );
}

/** @throws Error with a sentence for people */
function labelsOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const split = line.indexOf('=');
        if (split < 1) throw new Error(`“${line}” is no label: write it like lb_ports=80,443.`);
        return [line.slice(0, split).trim(), line.slice(split + 1).trim()];
      }),
  );
}
