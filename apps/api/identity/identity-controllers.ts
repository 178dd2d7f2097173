import { IdentityController } from './identity.controller.js';

export const IDENTITY_CONTROLLERS = [IdentityController];
