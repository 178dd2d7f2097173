import { z } from 'zod';
import { IMAGE_STATUSES } from '@baykeeper/domain';
import { labelsSchema, linkSchema, timeSchema } from '../http/answers.js';

const common = {
  uuid: z.uuid(),
  name: z.string(),
  description: z.string().nullable(),
  public: z.boolean(),
  builtin: z.boolean(),
  links: z.array(linkSchema),
  created_at: timeSchema,
  updated_at: timeSchema.nullable(),
};

export const flavorAnswer = z
  .strictObject({ ...common, vcpus: z.int(), ram: z.int(), disk: z.int() })
  .meta({ id: 'Flavor' });
export const flavorsAnswer = z
  .strictObject({ flavors: z.array(flavorAnswer), next: z.string().optional() })
  .meta({ id: 'Flavors' });

export const imageAnswer = z
  .strictObject({
    ...common,
    os_distro: z.string().nullable(),
    architecture: z.string().nullable(),
    status: z.enum(IMAGE_STATUSES),
    min_disk: z.int(),
    min_ram: z.int(),
    properties: labelsSchema,
    driver_image: z.string(),
  })
  .meta({ id: 'Image' });
export const imagesAnswer = z
  .strictObject({ images: z.array(imageAnswer), next: z.string().optional() })
  .meta({ id: 'Images' });

const subnetAnswer = z
  .strictObject({ uuid: z.uuid(), name: z.string(), cidr: z.string(), gateway_ip: z.string().nullable() })
  .meta({ id: 'Subnet' });
export const networkAnswer = z
  .strictObject({ ...common, external: z.boolean(), mtu: z.int().nullable(), subnets: z.array(subnetAnswer) })
  .meta({ id: 'Network' });
export const networksAnswer = z
  .strictObject({ networks: z.array(networkAnswer), next: z.string().optional() })
  .meta({ id: 'Networks' });
