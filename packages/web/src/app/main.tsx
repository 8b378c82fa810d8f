/** The application: Security info for everyone, administration for administrators. */
import '@mantine/core/styles.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { FreshProofProvider } from './fresh-proof.tsx';
import { SessionProvider } from './session.tsx';
import { Shell } from './shell.tsx';
import { theme } from './theme.ts';

/** Styles that Mantine makes at run time bear the answer's nonce (the page's content security policy). */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
// So do those of a library that Mantine uses to hold the page still behind a dialog; it looks for this name.
Object.assign(globalThis, { __webpack_nonce__: nonce });
const root = document.getElementById('root');
if (root === null) throw new Error('the page has no place for the application');

createRoot(root).render(
  <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
    <SessionProvider>
      <FreshProofProvider>
        <BrowserRouter>
          <Shell />
        </BrowserRouter>
      </FreshProofProvider>
    </SessionProvider>
  </MantineProvider>,
);
