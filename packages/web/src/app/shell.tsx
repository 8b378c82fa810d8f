/** The frame of every page: whose tenant, who is signed in, the menu, the colour scheme, signing out. */
import {
  ActionIcon,
  Anchor,
  AppShell,
  Box,
  Burger,
  Button,
  Center,
  Group,
  NavLink,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Suspense, useState } from 'react';
import { Navigate, Route, NavLink as RouterLink, Routes, useLocation } from 'react-router';
import { api } from '../api/client.ts';
import { ErrorNotice } from '../components/error-notice.tsx';
import { Heading } from '../components/heading.tsx';
import { KeyIcon, MoonIcon, SunIcon } from '../components/icons.tsx';
import { Loading } from '../components/load-notice.tsx';
import type { Page } from './page.ts';
import { PAGES } from './routes.tsx';
import { useSession } from './session.tsx';

export function Shell() {
  const { session } = useSession();
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const [error, setError] = useState<unknown>();
  const pages = PAGES.filter(({ role }) => role === 'user' || session.user.role === 'administrator');
  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 240, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <Anchor href="#content" className="skip">
        Skip to the content
      </Anchor>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap" gap="sm" style={{ minWidth: 0 }}>
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Menu"
              aria-expanded={opened}
              aria-controls="menu"
            />
            <Box visibleFrom="sm" h={24}>
              <KeyIcon />
            </Box>
            <Text fw={600} truncate>
              {session.tenantName}
            </Text>
          </Group>
          <Group wrap="nowrap" gap="sm" style={{ flexShrink: 0 }}>
            <Text size="sm" visibleFrom="sm" truncate>
              {session.user.displayName}
            </Text>
            <SchemeToggle />
            <SignOut failed={setError} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="md" aria-label="Pages" id="menu" className={opened ? 'menu' : 'menu menu-closed'}>
        {pages.flatMap(({ path, label }) =>
          label === undefined
            ? []
            : [
                <NavLink
                  key={path}
                  component={RouterLink}
                  to={path}
                  label={label}
                  onClick={close}
                  active={pathname.startsWith(path)}
                  {...(pathname.startsWith(path) && { 'aria-current': 'page' as const })}
                />,
              ],
        )}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <ErrorNotice error={error} onClose={() => setError(undefined)} />
        <Suspense
          fallback={
            <Center h="40vh">
              <Loading />
            </Center>
          }
        >
          <Routes>
            {pages.map((page) => (
              <Route key={page.path} path={page.path} element={<PageOf page={page} />} />
            ))}
            <Route path="/" element={<Navigate to="/security-info" replace />} />
            <Route path="*" element={<Nothing />} />
          </Routes>
        </Suspense>
      </AppShell.Main>
    </AppShell>
  );
}

function PageOf({ page: { component: Component } }: { page: Page }) {
  return <Component />;
}

function Nothing() {
  return (
    <>
      <Heading>Nothing here</Heading>
      <Text mt="md">There is no such page, or it is not for you.</Text>
    </>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={`Use the ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {scheme === 'dark' ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  );
}

function SignOut({ failed }: { failed: (error: unknown) => void }) {
  const signOut = async () => {
    try {
      await api.signOut();
      window.location.assign('/sign-in?signed-out=1');
    } catch (cause) {
      failed(cause);
    }
  };
  return (
    <Button variant="default" size="sm" onClick={() => void signOut()}>
      Sign out
    </Button>
  );
}
