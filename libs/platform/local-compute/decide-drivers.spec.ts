import { describe, expect, it } from '@jest/globals';
import { decideDrivers } from './decide-drivers.js';

const dataDirectory = '/nonexistent';
const can = () => Promise.resolve({ possible: true, reason: 'it works' });
const cannot = () => Promise.resolve({ possible: false, reason: "a bridge can't be made here" });
const never = () => Promise.reject(new Error('was asked'));

describe('decideDrivers', () => {
  it('takes real machines and HAProxy where they can be made', async () => {
    expect(await decideDrivers({ compute: 'auto', loadBalancer: 'auto', dataDirectory }, can)).toEqual({
      compute: 'local',
      loadBalancer: 'haproxy',
      reason: 'it works',
    });
  });

  it('simulates where they cannot, and says why', async () => {
    expect(await decideDrivers({ compute: 'auto', loadBalancer: 'auto', dataDirectory }, cannot)).toEqual({
      compute: 'simulated',
      loadBalancer: 'simulated',
      reason: "a bridge can't be made here",
    });
  });

  it('does what it is told, without trying', async () => {
    expect(await decideDrivers({ compute: 'simulated', loadBalancer: 'haproxy', dataDirectory }, never)).toEqual({
      compute: 'simulated',
      loadBalancer: 'haproxy',
      reason: 'BAYKEEPER_COMPUTE is simulated',
    });
    expect(await decideDrivers({ compute: 'local', loadBalancer: 'auto', dataDirectory }, never)).toMatchObject({
      compute: 'local',
      loadBalancer: 'haproxy',
    });
  });
});
