/** A page of the application. */
import type { ComponentType, LazyExoticComponent } from 'react';

export interface Page {
  /** As react-router writes it: `/security-info`, `/admin/users/:user`. */
  path: string;
  /** In the menu; a page without one is reached from another. */
  label?: string;
  /** Administrators' pages are neither listed nor shown to others; the tenant refuses them the data anyway. */
  role: 'user' | 'administrator';
  component: LazyExoticComponent<ComponentType>;
}
