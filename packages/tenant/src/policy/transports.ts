/** How keys connect (AuthenticatorTransport, WebAuthn section 5.8.4), and that in words. */
export const TRANSPORTS = ['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal'] as const;

const NAMES: Readonly<Record<string, string>> = {
  usb: 'USB',
  nfc: 'NFC',
  ble: 'Bluetooth',
  'smart-card': 'smart card',
  hybrid: 'another device (QR code)',
  internal: 'built in',
} satisfies Record<(typeof TRANSPORTS)[number], string>;

/** For people; what is not known stays as it is. */
export const transportName = (transport: string): string => NAMES[transport] ?? transport;
