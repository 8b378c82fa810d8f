/** Every page: its address, its name in the menu, who may see it. A page is loaded when it is first gone to. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import { ADMIN_PAGES } from '../admin/pages.ts';

export interface Page {
  /** As react-router writes it: `/security-info`, `/admin/users/:user`. */
  path: string;
  /** In the menu; a page without one is reached from another. */
  label?: string;
  /** Administrators' pages are neither listed nor shown to others; the tenant refuses them the data anyway. */
  role: 'user' | 'administrator';
  component: LazyExoticComponent<ComponentType>;
}

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
