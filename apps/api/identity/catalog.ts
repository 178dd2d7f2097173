/** The catalog of services, as tokens and the read only lists show it. */
import { z } from 'zod';

export const REGION = 'RegionOne';
const INTERFACES = ['public', 'internal', 'admin'] as const;

export const catalogEntry = z.strictObject({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  endpoints: z.array(
    z.strictObject({
      id: z.string(),
      interface: z.string(),
      region: z.string(),
      region_id: z.string(),
      url: z.string(),
    }),
  ),
});

export type CatalogEntry = z.output<typeof catalogEntry>;

export function catalogOf(baseUrl: string): CatalogEntry[] {
  return [
    service('container-infra', 'baykeeper', `${baseUrl}/v1`),
    service('identity', 'baykeeper-identity', `${baseUrl}/identity/v3`),
  ];
}

function service(type: string, name: string, url: string): CatalogEntry {
  const endpoints = INTERFACES.map((kind) => ({
    id: `${type}-${kind}`,
    interface: kind,
    region: REGION,
    region_id: REGION,
    url,
  }));
  return { id: type, type, name, endpoints };
}
