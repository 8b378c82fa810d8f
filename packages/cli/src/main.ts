#!/usr/bin/env node
/** kennel: one command for administrators and devices. */
