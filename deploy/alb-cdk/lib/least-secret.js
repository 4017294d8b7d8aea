'use strict';

const { Secret } = require('aws-cdk-lib/aws-ecs');
const { PolicyStatement } = require('aws-cdk-lib/aws-iam');

/**
 * A parameter of SSM as a container's secret, which the execution role may read and nothing more.
 * `Secret.fromSsmParameter` also allows DescribeParameters, GetParameter and GetParameterHistory, which ECS never calls.
 */
class LeastSecret extends Secret {
  constructor(arn) {
    super();
    this.arn = arn;
    this.hasField = false;
  }

  grantRead(grantee) {
    return grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['ssm:GetParameters'], resources: [this.arn] }),
    );
  }
}

/** Lets the role decrypt with the parameters' key, only through SSM and only for these parameters. */
function allowDecrypting(role, key, secrets, stack) {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key],
      conditions: {
        StringEquals: {
          'kms:ViaService': `ssm.${stack.region}.${stack.urlSuffix}`,
          'kms:EncryptionContext:PARAMETER_ARN': secrets.map((each) => each.arn),
        },
      },
    }),
  );
}

module.exports = { allowDecrypting, LeastSecret };
