/** The administrators' pages, in the order of the menu. */
import { lazy } from 'react';
import type { Page } from '../app/page.ts';

const administrators = { role: 'administrator' } as const;

export const ADMIN_PAGES: readonly Page[] = [
  {
    ...administrators,
    path: '/admin/users',
    label: 'Users and keys',
    component: lazy(() => import('./users/list.tsx')),
  },
  { ...administrators, path: '/admin/users/:user', component: lazy(() => import('./users/user.tsx')) },
  {
    ...administrators,
    path: '/admin/devices',
    label: 'Devices',
    component: lazy(() => import('./devices/list.tsx')),
  },
  {
    ...administrators,
    path: '/admin/devices/:device',
    component: lazy(() => import('./devices/device.tsx')),
  },
  {
    ...administrators,
    path: '/admin/policy',
    label: 'Policy for keys',
    component: lazy(() => import('./policy/page.tsx')),
  },
  {
    ...administrators,
    path: '/admin/passes',
    label: 'Policy for passes',
    component: lazy(() => import('./policy/passes.tsx')),
  },
  {
    ...administrators,
    path: '/admin/events',
    label: 'Key events',
    component: lazy(() => import('./events/page.tsx')),
  },
];
