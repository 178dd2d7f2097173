import type { Command } from 'commander';
import {
  createTemplate,
  deleteTemplate,
  globOf,
  listTemplates,
  pickTemplate,
  type NewTemplate,
} from '../api/templates.js';
import type { TemplateBody } from '../api/wire.js';
import { printData, printResult } from '../context.js';
import { printableText } from '../output/printable-text.js';
import { renderFacts, renderTable } from '../output/table.js';
import { collectLabel, countParser, type Beginning } from './begin.js';

export function registerTemplates(program: Command, beginning: Beginning): void {
  const templates = program
    .command('templates')
    .alias('template')
    .summary('list, show, create and delete templates, from which bays are made');
  templates
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list the templates')
    .argument('[name]', 'only those with this name; any case, * and ? allowed')
    .action(async (glob: string | undefined, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const all = await listTemplates(session);
      const pattern = glob === undefined ? null : globOf(glob);
      const shown = pattern === null ? all : all.filter((template) => pattern.test(template.name));
      if (context.structured) printData(context, { templates: shown });
      else printResult(context, renderTemplates(shown));
    });
  templates
    .command('show')
    .summary('show one template')
    .argument('<template>', 'name or uuid')
    .action(async (wanted: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const found = pickTemplate(await listTemplates(session), wanted);
      if (context.structured) printData(context, found);
      else printResult(context, renderTemplate(found));
    });
  registerTemplateCreate(templates, beginning);
  templates
    .command('rm')
    .alias('delete')
    .summary('delete a template that no bay uses')
    .argument('<template>', 'name or uuid')
    .action(async (wanted: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { uuid, name } = pickTemplate(
        (await listTemplates(session)).filter((each) => !isGlobOnly(each, wanted)),
        wanted,
      );
      await deleteTemplate(session, uuid);
      if (context.structured) printData(context, { uuid, name, gone: true });
      else printResult(context, `Template "${name}" is deleted.`);
    });
}

/** Whether a template would fit by a glob alone: enough to create from, too little to delete by. */
function isGlobOnly(template: TemplateBody, wanted: string): boolean {
  return template.name.toLowerCase() !== wanted.toLowerCase() && template.uuid !== wanted.toLowerCase();
}

/** How each option of `template create` is called on the wire. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  engine: 'coe',
  image: 'image_id',
  flavor: 'flavor_id',
  masterFlavor: 'master_flavor_id',
  keypair: 'keypair_id',
  dns: 'dns_nameserver',
  externalNetwork: 'external_network_id',
  fixedNetwork: 'fixed_network',
  fixedSubnet: 'fixed_subnet',
  networkDriver: 'network_driver',
  volumeDriver: 'volume_driver',
  dockerVolumeSize: 'docker_volume_size',
  dockerStorageDriver: 'docker_storage_driver',
  apiserverPort: 'apiserver_port',
  httpProxy: 'http_proxy',
  httpsProxy: 'https_proxy',
  proxyExceptions: 'no_proxy',
  insecureRegistry: 'insecure_registry',
  serverType: 'server_type',
  masterLb: 'master_lb_enabled',
  floatingIp: 'floating_ip_enabled',
  tlsDisabled: 'tls_disabled',
  registry: 'registry_enabled',
  public: 'public',
  hidden: 'hidden',
  tags: 'tags',
  label: 'labels',
};

type TemplateOptions = Readonly<
  Record<string, string | number | boolean | Readonly<Record<string, string>> | undefined>
>;

function registerTemplateCreate(parent: Command, beginning: Beginning): void {
  parent
    .command('create')
    .summary('create a template')
    .argument('<name>', 'its name')
    .requiredOption('--image <image>', 'image of the nodes')
    .option('-e, --engine <engine>', 'swarm, kubernetes, mesos or nomad', 'swarm')
    .option('--flavor <flavor>', 'size of the workers')
    .option('--master-flavor <flavor>', 'size of the masters')
    .option('--server-type <type>', 'vm or bm (bare metal)')
    .option('-l, --label <key=value>', 'set a label; may be repeated', collectLabel)
    .option('--master-lb', 'put a load balancer before the masters')
    .option('--no-floating-ip', 'give nodes no floating addresses')
    .option('--tls-disabled', "leave the engine's API open to anybody")
    .option('--public', 'offer it to every project (administrators)')
    .option('--hidden', 'list it nowhere (administrators)')
    .option('--keypair <name>', 'SSH key for the nodes')
    .option('--dns <addresses>', 'name servers, separated by commas')
    .option('--external-network <network>', 'network of floating addresses')
    .option('--fixed-network <network>', 'network of the nodes')
    .option('--fixed-subnet <subnet>', 'subnet of the nodes')
    .option('--network-driver <driver>', 'network of the containers')
    .option('--volume-driver <driver>', 'volumes of the containers')
    .option('--docker-volume-size <GiB>', "disk for each node's containers", countParser('--docker-volume-size', 1))
    .option('--docker-storage-driver <driver>', 'such as overlay2')
    .option('--apiserver-port <port>', "port of the engine's API", countParser('--apiserver-port', 1024))
    .option('--http-proxy <url>', 'proxy of the nodes for http')
    .option('--https-proxy <url>', 'proxy of the nodes for https')
    .option('--proxy-exceptions <hosts>', 'reached without a proxy, separated by commas')
    .option('--insecure-registry <host>', 'registry that nodes may use without TLS')
    .option('--registry', 'run a registry in the bay')
    .option('--tags <tags>', 'words to find it by, separated by commas')
    .action(async (name: string, options: TemplateOptions, command: Command) => {
      const { context, session } = await beginning.session(command);
      const created = await createTemplate(session, newTemplate(name, options));
      if (context.structured) printData(context, created);
      else printResult(context, `Template "${created.name}" is created (${created.uuid}).`);
    });
}

/** What was not said is left out, so that the service's defaults hold. */
export function newTemplate(name: string, options: TemplateOptions): NewTemplate {
  const said = Object.entries(options).flatMap(([option, value]) => {
    const wireName = WIRE_NAMES[option];
    // commander sets a `--no-…` option to true when it is absent.
    return wireName === undefined || value === undefined || (option === 'floatingIp' && value === true)
      ? []
      : [[wireName, value] as const];
  });
  return { name, ...Object.fromEntries(said) };
}

function renderTemplates(templates: readonly TemplateBody[]): string {
  const rows = templates.map((template) => [
    template.name,
    template.coe,
    template.server_type ?? '',
    template.image_id ?? '',
    template.flavor_id ?? '',
    template.public ? 'yes' : 'no',
  ]);
  return renderTable(['NAME', 'ENGINE', 'HOST', 'IMAGE', 'FLAVOR', 'PUBLIC'], rows);
}

function renderTemplate(template: TemplateBody): string {
  const yes = (flag: boolean): string => (flag ? 'yes' : 'no');
  const labels = Object.entries(template.labels).map(([key, value]) => `${key}=${value}`);
  const facts: readonly (readonly [string, string | null])[] = [
    ['Name', template.name],
    ['UUID', template.uuid],
    ['Engine', template.coe],
    ['Host', template.server_type],
    ['Image', template.image_id],
    ['Flavor', template.flavor_id],
    ['Master flavor', template.master_flavor_id],
    ['Network driver', template.network_driver],
    ['TLS', yes(!template.tls_disabled)],
    ['Master load balancer', yes(template.master_lb_enabled)],
    ['Public', yes(template.public)],
    ['Hidden', yes(template.hidden)],
    ['Labels', labels.join('\n')],
    ['Tags', template.tags],
  ];
  return renderFacts(
    facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, printableText(value)] as const])),
  );
}
