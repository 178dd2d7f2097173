import { describe, expect, it } from '@jest/globals';
import { allowsRequest, problemOfPath } from './access-rule.js';

const rule = (path: string, method = 'GET', service = 'container-infra') => ({ id: 'x', service, method, path });
const get = (path: string) => ({ service: 'container-infra', method: 'GET', path });

describe('an access rule', () => {
  it.each([
    ['/v1/bays', '/v1/bays', true],
    ['/v1/bays', '/v1/bays/', true],
    ['/v1/bays', '/v1/bays/web', false],
    ['/v1/bays', '/v1/clusters', false],
    ['/v1/bays/*', '/v1/bays/web', true],
    ['/v1/bays/{bay}', '/v1/bays/web', true],
    ['/v1/bays/*', '/v1/bays/', false],
    ['/v1/bays/*', '/v1/bays/web/nodes', false],
    ['/v1/bays/*/nodes', '/v1/bays/web/nodes', true],
    ['/v1/bays/**', '/v1/bays/web/nodes', true],
    ['/v1/bays/**', '/v1/bays', false],
    ['/v1/bays/**', '/v1/baymodels', false],
    ['/**', '/v1/bays', true],
  ])('for %s lets %s through: %s', (path, wanted, allowed) => {
    expect(allowsRequest([rule(path)], get(wanted))).toBe(allowed);
  });

  it('is for one method of one service', () => {
    expect(allowsRequest([rule('/v1/bays', 'POST')], get('/v1/bays'))).toBe(false);
    expect(allowsRequest([rule('/v1/bays', 'GET', 'identity')], get('/v1/bays'))).toBe(false);
    expect(allowsRequest([rule('/v1/bays', 'POST'), rule('/v1/bays')], get('/v1/bays'))).toBe(true);
    expect(allowsRequest([], get('/v1/bays'))).toBe(false);
  });

  it.each(['v1/bays', '/v1/bays?x=1', '/v1/b*', '/v1/**/nodes', '/v1/{a}b', '/v1/a b', ''])('is not %s', (path) => {
    expect(problemOfPath(path)).not.toBeNull();
  });

  it.each(['/v1/bays', '/v1/bays/*', '/v1/bays/{id}/nodes', '/v1/**'])('may be %s', (path) => {
    expect(problemOfPath(path)).toBeNull();
  });
});
