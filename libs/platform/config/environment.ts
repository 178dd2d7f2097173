import { readConfiguration, type Configuration, type Environment } from './read-configuration.js';

/** The environment of this process: the only place that touches it. For `readConfiguration` and for child processes. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/** The configuration of this process. @throws BaykeeperError `invalid-input`, see `readConfiguration`. */
export function readProcessConfiguration(): Configuration {
  return readConfiguration(processEnvironment());
}
