#!/usr/bin/env node
'use strict';

const { App } = require('aws-cdk-lib');
const { CertgateStack } = require('../lib/certgate-stack.js');

// Neither an account nor a region is written down: the stack can be deployed to any.
new CertgateStack(new App(), 'Certgate');
