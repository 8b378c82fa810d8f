/** The script of the pages that the tenant renders: it finds by their forms which one it is on. */
import { firstAdministratorPage } from './first-administrator.ts';
import { signInPage } from './sign-in.ts';

const config = window.$Config;
if (config !== undefined) {
  const { urlOptions, urlRegister, urlReport } = config;
  if (document.getElementById('key-form') !== null) signInPage(config);
  else if (urlOptions && urlRegister && urlReport) {
    firstAdministratorPage({ urlOptions, urlRegister, urlReport });
  }
}
