/** Puts something around every call of a driver that may go outside: it is measured and traced there, and nowhere else. */
import type { ComputeDriver } from './contracts/compute.js';
import type { EngineDriver } from './contracts/engine.js';
import type { LoadBalancerDriver } from './contracts/load-balancer.js';
import type { Drivers } from './contracts/drivers.js';

export interface DriverCall {
  readonly kind: 'compute' | 'load-balancer' | 'engine';
  readonly driver: string;
  /** The method of the contract. */
  readonly operation: string;
}

/**
 * Must call `work` at most once and give what it gives, or fail in its place.
 * @param about the first parameter of the call: an id, or what has one
 */
export type AroundCall = <T>(call: DriverCall, work: () => Promise<T>, about: unknown) => Promise<T>;

type CallsOf<Driver> = {
  readonly [
    Method in keyof Driver as Driver[Method] extends (...parameters: never[]) => Promise<unknown> ? Method : never
  ]: true;
};

// The compiler asks for every method that answers later; the others decide by what they were given.
const COMPUTE: CallsOf<ComputeDriver> = {
  prepare: true,
  ensureMachine: true,
  removeMachine: true,
  hostAddress: true,
  capacity: true,
  listMachines: true,
  console: true,
};
const LOAD_BALANCER: CallsOf<LoadBalancerDriver> = {
  ensureLoadBalancer: true,
  ensureMembers: true,
  changeMembers: true,
  removeLoadBalancer: true,
  list: true,
  observe: true,
  close: true,
};
const ENGINE: CallsOf<EngineDriver> = {
  joinData: true,
  observe: true,
  configureNode: true,
  drainNode: true,
  removeNode: true,
};

export function watchCalls(drivers: Drivers, around: AroundCall): Drivers {
  const engines = new Map(
    drivers.engineNames.map((name) => [name, watched(drivers.engine(name), 'engine', ENGINE, around)]),
  );
  return {
    ...drivers,
    compute: watched(drivers.compute, 'compute', COMPUTE, around),
    loadBalancer: watched(drivers.loadBalancer, 'load-balancer', LOAD_BALANCER, around),
    engine: (name) => engines.get(name) ?? drivers.engine(name),
  };
}

type Method = (...parameters: unknown[]) => Promise<unknown>;

function watched<Driver extends { readonly name: string }>(
  driver: Driver,
  kind: DriverCall['kind'],
  calls: Readonly<Record<string, true>>,
  around: AroundCall,
): Driver {
  const methods = new Map<string | symbol, Method>();
  for (const operation of Object.keys(calls)) {
    const method = driver[operation as keyof Driver] as Method;
    const call: DriverCall = { kind, driver: driver.name, operation };
    methods.set(operation, (...parameters) => around(call, () => method.apply(driver, parameters), parameters[0]));
  }
  return new Proxy(driver, { get: (target, name) => methods.get(name) ?? Reflect.get(target, name, target) });
}
