/** The script of the pages that the tenant renders: it finds by their forms which one it is on. */
import { signInPage } from './sign-in.ts';

const config = window.$Config;
if (config !== undefined && document.getElementById('key-form') !== null) signInPage(config);
