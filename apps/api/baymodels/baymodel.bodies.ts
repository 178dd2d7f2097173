import type { Baymodel } from '@baykeeper/domain';
import { baymodelWire } from '@baykeeper/services';
import { linksOf } from '../http/links.js';
import { timestamp } from '../http/timestamp.js';

export function clusterTemplateBody(baymodel: Baymodel, baseUrl: string) {
  const wire = baymodelWire(baymodel);
  return {
    ...wire,
    created_at: timestamp(wire.created_at),
    updated_at: timestamp(wire.updated_at),
    links: linksOf(baseUrl, 'clustertemplates', baymodel.id),
  };
}

/** The older family does not say whose it is, nor by which driver it is served. */
export function baymodelBody(baymodel: Baymodel, baseUrl: string) {
  const { driver: _driver, project_id: _project, user_id: _user, ...body } = clusterTemplateBody(baymodel, baseUrl);
  return { ...body, links: linksOf(baseUrl, 'baymodels', baymodel.id) };
}
