/** Colours and type. Contrast is at least 4.5:1 in both schemes, and what is focused shows it. */
import { Alert, Badge, createTheme } from '@mantine/core';

const readable = { color: 'var(--mantine-color-text)' };

export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif',
  headings: { fontWeight: '600' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // The library's own colours for these are too faint to read.
    Alert: Alert.extend({ styles: { title: readable, message: readable } }),
    Badge: Badge.extend({ defaultProps: { tt: 'none', size: 'lg' } }),
  },
});
