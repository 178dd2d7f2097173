import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import { describeEngineDriver } from '../engine.conformance.js';
import { createKubernetesEngine } from './kubernetes.engine.js';
import { makeRelease, makeReleases } from './testing/releases-double.js';

describeEngineDriver('kubernetes', () =>
  createKubernetesEngine({
    ...{ templatesDirectory: findTemplatesDirectory(), releases: makeReleases(makeRelease('v1.32.13')) },
  }),
);
