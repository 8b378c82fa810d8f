/** All commands, with nothing run yet. */
import { Command } from 'commander';
import { agentCommand } from './commands/agent.ts';
import { auditCommands } from './commands/audit.ts';
import { clientCommands } from './commands/client.ts';
import { connectorCommands } from './commands/connector.ts';
import { dcCommands } from './commands/dc.ts';
import { demoCommand } from './commands/demo.ts';
import { deviceCommands } from './commands/device.ts';
import { deviceCaCommands } from './commands/device-ca.ts';
import { doctorCommand } from './commands/doctor.ts';
import { groupCommands } from './commands/group.ts';
import { hybridCommands } from './commands/hybrid.ts';
import { kerberosServerCommands } from './commands/kerberos-server.ts';
import { keyCommands } from './commands/key.ts';
import { metadataCommands } from './commands/metadata.ts';
import { passCommands } from './commands/pass.ts';
import { policyCommands } from './commands/policy.ts';
import { reportCommands } from './commands/report.ts';
import { signInCommands } from './commands/sign-in.ts';
import { softwareKeyCommands } from './commands/software-key.ts';
import { syncCommands } from './commands/sync.ts';
import { tenantCommands } from './commands/tenant.ts';
import { ticketCommands } from './commands/tickets.ts';
import { userCommands } from './commands/user.ts';
import { webauthnCommands } from './commands/webauthn.ts';
import { kennelHome } from './home.ts';

export function kennelProgram(): Command {
  const program = new Command('kennel')
    .description(
      'Sign in with a FIDO2 security key, and reach the resources of your Active Directory with no password.',
    )
    .version('0.1.0')
    .showHelpAfterError()
    .exitOverride()
    .addHelpText('after', `\nState directory (KENNEL_HOME): ${kennelHome()}\nExit codes: docs/exit-codes.md`);

  demoCommand(program);
  tenantCommands(program);
  userCommands(program);
  groupCommands(program);
  keyCommands(program);
  passCommands(program);
  policyCommands(program);
  metadataCommands(program);
  reportCommands(program);
  kerberosServerCommands(program);
  hybridCommands(program);
  deviceCommands(program);
  deviceCaCommands(program);
  dcCommands(program);
  signInCommands(program);
  agentCommand(program);
  ticketCommands(program);
  auditCommands(program);
  webauthnCommands(program);
  clientCommands(program);
  syncCommands(program);
  connectorCommands(program);
  doctorCommand(program);
  softwareKeyCommands(program);
  return program;
}
