import { z } from 'zod';
import { ENGINE_NAMES, SERVER_TYPES } from '@baykeeper/domain';
import { labelsSchema, linkSchema, timeSchema } from '../http/answers.js';

const text = z.string().nullable();

const shape = {
  uuid: z.uuid(),
  name: z.string(),
  coe: z.enum(ENGINE_NAMES),
  image_id: z.string(),
  flavor_id: text,
  master_flavor_id: text,
  keypair_id: text,
  dns_nameserver: text,
  external_network_id: text,
  fixed_network: text,
  fixed_subnet: text,
  network_driver: text,
  volume_driver: text,
  apiserver_port: z.int().nullable(),
  docker_volume_size: z.int().nullable(),
  docker_storage_driver: text,
  cluster_distro: text,
  http_proxy: text,
  https_proxy: text,
  no_proxy: text,
  insecure_registry: text,
  registry_enabled: z.boolean(),
  tls_disabled: z.boolean(),
  public: z.boolean(),
  hidden: z.boolean(),
  master_lb_enabled: z.boolean(),
  floating_ip_enabled: z.boolean(),
  server_type: z.enum(SERVER_TYPES),
  labels: labelsSchema,
  tags: text,
  links: z.array(linkSchema),
  created_at: timeSchema,
  updated_at: timeSchema.nullable(),
};

export const baymodelAnswer = z.strictObject(shape).meta({ id: 'Baymodel' });
export const clusterTemplateAnswer = z
  .strictObject({ ...shape, driver: text, project_id: z.string(), user_id: z.string() })
  .meta({ id: 'ClusterTemplate' });

export const baymodelsAnswer = z
  .strictObject({ baymodels: z.array(baymodelAnswer), next: z.string().optional() })
  .meta({ id: 'Baymodels' });
export const clusterTemplatesAnswer = z
  .strictObject({ clustertemplates: z.array(clusterTemplateAnswer), next: z.string().optional() })
  .meta({ id: 'ClusterTemplates' });
