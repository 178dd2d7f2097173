import { expect, test } from '@jest/globals';
import { RouteIndex } from './route-index.js';

const routes = new RouteIndex();
routes.add('/v1/clusters/:ident', ['GET']);
routes.add('/identity/v3/users', ['GET']);

test.each([
  ['/clusters/a', '/v1/clusters/a'],
  ['/v1/clusters/a', '/v1/clusters/a'],
  ['/x?y', '/x?y'],
  ['/%63lusters/%61%2D%7e', '/v1/clusters/a-~'],
  ['/%69dentity/v3/users?name=%61', '/identity/v3/users?name=%61'],
  // These mean something else without the escape, or nothing at all.
  ['/v1/clusters/a%2Fb%20%C3%A4%25', '/v1/clusters/a%2Fb%20%C3%A4%25'],
  ['/%2569dentity/v3/users', '/%2569dentity/v3/users'],
  ['/%%36%39dentity/v3/users', '/%%36%39dentity/v3/users'],
  ['/v1/clusters/%zz%61', '/v1/clusters/%zz%61'],
])('%s is known as %s', (url, known) => {
  expect(routes.versioned(url)).toBe(known);
});
