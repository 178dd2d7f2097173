/**
 * What a client may say about a baymodel (Magnum v1: ClusterTemplate, BayModel), in the names of the wire. One shape; the
 * older family of names differs in three fields.
 */
import { z } from 'zod';
import { ENGINE_NAMES, SERVER_TYPES, isUuid } from '@baykeeper/domain';
import {
  choice,
  defaultedFlag,
  labelMap,
  optionalText,
  optionalWholeNumber,
  text,
  type TextRule,
} from '../validation/fields.js';

/** Every text of a template is at most this long (Magnum). */
const SHORT: TextRule = { max: 255 };
/** GiB; far above any disk of a node. */
const LARGEST_VOLUME = 65_536;

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const ONE_ADDRESS: TextRule = { max: 255, pattern: new RegExp(`^\\s*${IPV4}\\s*$`), advice: 'give an IPv4 address' };
const ADDRESSES: TextRule = {
  max: 255,
  pattern: new RegExp(`^\\s*${IPV4}\\s*(?:,\\s*${IPV4}\\s*)*$`),
  advice: 'give IPv4 addresses with commas between them',
};

export const dockerVolumeSize = (): ReturnType<typeof optionalWholeNumber> =>
  optionalWholeNumber({ min: 1, max: LARGEST_VOLUME });

const fields = {
  uuid: z.string().refine(isUuid, { error: 'give a UUID in lower case' }).optional(),
  name: optionalText(SHORT),
  coe: choice(ENGINE_NAMES),
  image_id: text(SHORT),
  flavor_id: optionalText(SHORT),
  master_flavor_id: optionalText(SHORT),
  keypair_id: optionalText(SHORT),
  dns_nameserver: optionalText(ADDRESSES),
  external_network_id: optionalText(SHORT),
  fixed_network: optionalText(SHORT),
  fixed_subnet: optionalText(SHORT),
  network_driver: optionalText(SHORT),
  volume_driver: optionalText(SHORT),
  apiserver_port: optionalWholeNumber({ min: 1024, max: 65535 }),
  docker_volume_size: dockerVolumeSize(),
  docker_storage_driver: optionalText(SHORT),
  cluster_distro: optionalText(SHORT),
  http_proxy: optionalText(SHORT),
  https_proxy: optionalText(SHORT),
  no_proxy: optionalText(SHORT),
  insecure_registry: optionalText(SHORT),
  registry_enabled: defaultedFlag(false),
  tls_disabled: defaultedFlag(false),
  public: defaultedFlag(false),
  hidden: defaultedFlag(false),
  master_lb_enabled: defaultedFlag(false),
  floating_ip_enabled: defaultedFlag(true),
  server_type: choice(SERVER_TYPES).default('vm'),
  labels: labelMap('any-scalar'),
  tags: optionalText({ min: 0, max: 255 }),
  driver: optionalText(SHORT),
};

/** Body of `POST /v1/clustertemplates`. */
export const clusterTemplateSchema = z.strictObject(fields).meta({ id: 'ClusterTemplateInput' });

const { driver: _driver, ...bayEra } = fields;
/** Body of `POST /v1/baymodels`. */
export const baymodelSchema = z
  .strictObject({
    ...bayEra,
    keypair_id: text(SHORT),
    dns_nameserver: optionalText(ONE_ADDRESS),
    labels: labelMap('text-only'),
  })
  .meta({ id: 'BaymodelInput' });

export type BaymodelBody = Omit<z.output<typeof clusterTemplateSchema>, 'driver'> & { readonly driver?: string | null };
