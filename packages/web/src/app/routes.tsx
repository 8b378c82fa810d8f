/** Every page: its address, its name in the menu, who may see it. A page is loaded when it is first gone to. */
import { lazy } from 'react';
import { ADMIN_PAGES } from '../admin/pages.ts';
import type { Page } from './page.ts';

export const PAGES: readonly Page[] = [
  {
    path: '/security-info',
    label: 'Security info',
    role: 'user',
    component: lazy(() => import('../pages/security-info/page.tsx')),
  },
  {
    path: '/accepted-keys',
    label: 'Accepted keys',
    role: 'user',
    component: lazy(() => import('../pages/accepted-keys.tsx')),
  },
  ...ADMIN_PAGES,
];
