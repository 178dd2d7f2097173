import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import { describeEngineDriver } from '../engine.conformance.js';
import { createSwarmEngine } from './swarm.engine.js';

describeEngineDriver('swarm', () => createSwarmEngine({ templatesDirectory: findTemplatesDirectory() }));
