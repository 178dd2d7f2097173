import { JsonReader } from './json-reader.js';

/**
 * What the service answers, with the names it has on the wire: Magnum v1 for bays and baymodels, ours for nodes, events
 * and load balancers. These shapes are also what `--json` prints, so they only ever grow.
 */
export interface BayBody {
  readonly uuid: string;
  readonly name: string;
  readonly project_id: string | null;
  readonly status: string;
  readonly status_reason: string | null;
  readonly health_status: string | null;
  readonly health_status_reason: Readonly<Record<string, string>>;
  readonly cluster_template_id: string;
  readonly master_count: number;
  readonly node_count: number;
  readonly api_address: string | null;
  readonly master_addresses: readonly string[];
  readonly node_addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly create_timeout: number | null;
  readonly keypair: string | null;
  readonly coe_version: string | null;
  readonly container_version: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

export function readBay(value: unknown, place: string): BayBody {
  const body = new JsonReader(value, place);
  return {
    uuid: body.text('uuid'),
    name: body.text('name'),
    project_id: body.textOrNull('project_id'),
    status: body.text('status'),
    status_reason: body.textOrNull('status_reason'),
    health_status: body.textOrNull('health_status'),
    health_status_reason: body.textMap('health_status_reason'),
    cluster_template_id: body.text('cluster_template_id'),
    master_count: body.count('master_count'),
    node_count: body.count('node_count'),
    api_address: body.textOrNull('api_address'),
    master_addresses: body.texts('master_addresses'),
    node_addresses: body.texts('node_addresses'),
    labels: body.textMap('labels'),
    create_timeout: body.countOrNull('create_timeout'),
    keypair: body.textOrNull('keypair'),
    coe_version: body.textOrNull('coe_version'),
    container_version: body.textOrNull('container_version'),
    created_at: body.textOrNull('created_at'),
    updated_at: body.textOrNull('updated_at'),
  };
}

export interface TemplateBody {
  readonly uuid: string;
  readonly name: string;
  readonly coe: string;
  readonly server_type: string | null;
  readonly image_id: string | null;
  readonly flavor_id: string | null;
  readonly master_flavor_id: string | null;
  readonly public: boolean;
  readonly hidden: boolean;
  readonly tls_disabled: boolean;
  readonly master_lb_enabled: boolean;
  readonly floating_ip_enabled: boolean;
  readonly network_driver: string | null;
  readonly docker_volume_size: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly tags: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

export function readTemplate(value: unknown, place: string): TemplateBody {
  const body = new JsonReader(value, place);
  return {
    uuid: body.text('uuid'),
    name: body.text('name'),
    coe: body.text('coe'),
    server_type: body.textOrNull('server_type'),
    image_id: body.textOrNull('image_id'),
    flavor_id: body.textOrNull('flavor_id'),
    master_flavor_id: body.textOrNull('master_flavor_id'),
    public: body.flag('public'),
    hidden: body.flag('hidden'),
    tls_disabled: body.flag('tls_disabled'),
    master_lb_enabled: body.flag('master_lb_enabled'),
    floating_ip_enabled: body.flag('floating_ip_enabled'),
    network_driver: body.textOrNull('network_driver'),
    docker_volume_size: body.countOrNull('docker_volume_size'),
    labels: body.textMap('labels'),
    tags: body.textOrNull('tags'),
    created_at: body.textOrNull('created_at'),
    updated_at: body.textOrNull('updated_at'),
  };
}

interface NodeFailureBody {
  readonly phase: string | null;
  readonly message: string;
  readonly log_tail: string;
}

export interface NodeBody {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
  readonly nodegroup: string | null;
  readonly phase: string;
  readonly address: string | null;
  readonly created_at: string | null;
  readonly ready_at: string | null;
  /** Whether the load balancer sends it traffic. */
  readonly registered: boolean;
  readonly engine_state: string | null;
  readonly failure: NodeFailureBody | null;
  readonly removal_reason: string | null;
  /** What happened to it, and when, in order. */
  readonly steps: readonly { readonly name: string; readonly at: string }[];
}

export function readNode(value: unknown, place: string): NodeBody {
  const body = new JsonReader(value, place);
  const failure = body.readerOrNull('failure');
  return {
    uuid: body.text('uuid'),
    name: body.text('name'),
    role: body.text('role'),
    nodegroup: body.textOrNull('nodegroup'),
    phase: body.text('phase'),
    address: body.textOrNull('address'),
    created_at: body.textOrNull('created_at'),
    ready_at: body.textOrNull('ready_at'),
    registered: body.flag('registered'),
    engine_state: body.textOrNull('engine_state'),
    failure: failure && {
      phase: failure.textOrNull('phase'),
      message: failure.textOrNull('message') ?? 'It gave no reason.',
      log_tail: failure.textOrNull('log_tail') ?? '',
    },
    removal_reason: body.textOrNull('removal_reason'),
    steps: body.list('steps', (stepValue, stepPlace) => {
      const step = new JsonReader(stepValue, stepPlace);
      return { name: step.text('name'), at: step.text('at') };
    }),
  };
}

export interface EventBody {
  readonly sequence: number;
  readonly kind: string;
  readonly level: string;
  readonly message: string;
  readonly node: string | null;
  readonly node_uuid: string | null;
  readonly at: string;
}

export function readEvent(value: unknown, place: string): EventBody {
  const body = new JsonReader(value, place);
  return {
    sequence: body.count('sequence'),
    kind: body.text('kind'),
    level: body.text('level'),
    message: body.text('message'),
    node: body.textOrNull('node'),
    node_uuid: body.textOrNull('node_uuid'),
    at: body.text('at'),
  };
}

interface MemberBody {
  readonly name: string;
  readonly node_uuid: string | null;
  readonly address: string;
  readonly port: number;
  readonly health: string;
}

export interface LoadBalancerBody {
  readonly uuid: string;
  readonly address: string | null;
  readonly listeners: readonly {
    readonly name: string;
    readonly port: number;
    readonly members: readonly MemberBody[];
  }[];
}

export function readLoadBalancer(value: unknown, place: string): LoadBalancerBody {
  const body = new JsonReader(value, place);
  return {
    uuid: body.text('uuid'),
    address: body.textOrNull('address'),
    listeners: body.list('listeners', (listenerValue, listenerPlace) => {
      const listener = new JsonReader(listenerValue, listenerPlace);
      return {
        name: listener.text('name'),
        port: listener.count('port'),
        members: listener.list('members', readMember),
      };
    }),
  };
}

function readMember(value: unknown, place: string): MemberBody {
  const member = new JsonReader(value, place);
  return {
    name: member.text('name'),
    node_uuid: member.textOrNull('node_uuid'),
    address: member.text('address'),
    port: member.count('port'),
    health: member.textOrNull('health') ?? 'unknown',
  };
}
