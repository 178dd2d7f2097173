import { ApplicationCredentialsController } from './application-credentials.controller.js';
import { AuthController } from './auth.controller.js';
import { CatalogController } from './catalog.controller.js';
import { GrantsController } from './grants.controller.js';
import { IdentityController } from './identity.controller.js';
import { ProjectsController } from './projects.controller.js';
import { UsersController } from './users.controller.js';

export const IDENTITY_CONTROLLERS = [
  IdentityController,
  AuthController,
  ProjectsController,
  UsersController,
  GrantsController,
  CatalogController,
  ApplicationCredentialsController,
];
