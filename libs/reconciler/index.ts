export type { ControlPlaneAddress, ReconcilerDependencies } from './dependencies.js';
export { openMachineListing, type MachineListing } from './observe-bay.js';
export { reconcileBay } from './reconcile-bay.js';
export { HandedBack, unlessHandedBack } from './hand-back.js';
export type { ReconcilerWatch } from './watch.js';
export { CallAgain, runNodeStep } from './run-node-step.js';
export { openOrphanSweep, sweepBays, type OrphanSweep } from './sweep.js';
