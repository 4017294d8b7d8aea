'use strict';

const assert = require('node:assert');
const test = require('node:test');
const { App } = require('aws-cdk-lib');
const { Match, Template } = require('aws-cdk-lib/assertions');
const { CertgateStack } = require('../lib/certgate-stack.js');

const template = Template.fromStack(new CertgateStack(new App(), 'Certgate'));

const only = (type) => {
  const found = Object.entries(template.findResources(type));
  assert.strictEqual(found.length, 1, `one ${type}`);
  return found[0][1].Properties;
};
const container = () => only('AWS::ECS::TaskDefinition').ContainerDefinitions[0];
const value = (name) => container().Environment.find((each) => each.Name === name)?.Value;

test('the load balancer speaks HTTPS to certgate, and asks certgate itself for its health', () => {
  template.resourceCountIs('AWS::ElasticLoadBalancingV2::TargetGroup', 1);
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
    Protocol: 'HTTPS',
    TargetType: 'ip',
    HealthCheckProtocol: 'HTTPS',
    HealthCheckPath: '/.well-known/certgate-health',
    Matcher: { HttpCode: '200' },
  });
  assert.strictEqual(value('CERTGATE_HEALTH_PATH'), '/.well-known/certgate-health');
  template.hasResourceProperties('AWS::ECS::Service', {
    LoadBalancers: [Match.objectLike({ ContainerName: 'certgate', ContainerPort: 8443 })],
  });
  assert.strictEqual(value('CERTGATE_LISTEN'), '0.0.0.0:8443');
});

test('clients speak HTTPS with a certificate of ACM, and are redirected to it', () => {
  template.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 2);
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 443,
    Protocol: 'HTTPS',
    Certificates: [{ CertificateArn: { Ref: 'ServerCertificate' } }],
    SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06',
  });
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 80,
    DefaultActions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }],
  });
});

test('the secrets are parameters, and nothing else holds one', () => {
  assert.deepStrictEqual(
    container().Secrets.map((each) => each.Name),
    ['SSL_SERVER_CERTIFICATE', 'SSL_SERVER_KEY', 'CERTGATE_TICKET_SECRET'],
  );
  assert.deepStrictEqual(
    container().Environment.filter((each) => /^SSL_|SECRET/.test(each.Name)),
    [],
  );
});

test('the execution role may do the least that works, and the task role nothing', () => {
  const policies = Object.values(template.findResources('AWS::IAM::Policy'));
  assert.strictEqual(policies.length, 1);
  const [policy] = policies;
  assert.strictEqual(policy.Properties.Roles.length, 1);
  assert.match(policy.Properties.Roles[0].Ref, /^ExecutionRole/);
  const statements = policy.Properties.PolicyDocument.Statement;
  const actions = statements.flatMap((each) => each.Action);
  assert.deepStrictEqual([...new Set(actions)].sort(), [
    'ecr:BatchCheckLayerAvailability',
    'ecr:BatchGetImage',
    'ecr:GetAuthorizationToken',
    'ecr:GetDownloadUrlForLayer',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'ssm:GetParameters',
  ]);
  for (const statement of statements) {
    // Bound to a resource, but for the one action that has none.
    assert.strictEqual(statement.Resource === '*', statement.Action === 'ecr:GetAuthorizationToken');
    assert.ok(!JSON.stringify(statement.Resource).includes('parameter/*'));
  }
  const readable = statements.filter((each) => each.Action === 'ssm:GetParameters').map((each) => each.Resource);
  assert.deepStrictEqual(
    readable,
    container().Secrets.map((each) => each.ValueFrom),
  );
  for (const role of Object.values(template.findResources('AWS::IAM::Role'))) {
    assert.strictEqual(role.Properties.ManagedPolicyArns, undefined);
    assert.strictEqual(role.Properties.Policies, undefined);
    assert.ok(role.Properties.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals['aws:SourceAccount']);
  }
});

test('with a key of one\'s own, it may decrypt these parameters through SSM, and nothing else', () => {
  const app = new App({ context: { parameterKey: 'arn:of:the:key' } });
  const found = Object.values(Template.fromStack(new CertgateStack(app, 'Certgate')).findResources('AWS::IAM::Policy'));
  const decrypting = found.flatMap((each) => each.Properties.PolicyDocument.Statement).filter((each) => /kms/.test(each.Action));
  assert.strictEqual(decrypting.length, 1);
  assert.strictEqual(decrypting[0].Action, 'kms:Decrypt');
  assert.strictEqual(decrypting[0].Resource, 'arn:of:the:key');
  const { StringEquals } = decrypting[0].Condition;
  assert.match(JSON.stringify(StringEquals['kms:ViaService']), /ssm\./);
  assert.deepStrictEqual(
    StringEquals['kms:EncryptionContext:PARAMETER_ARN'],
    container().Secrets.map((each) => each.ValueFrom),
  );
});

test('the container has a read-only root, no capabilities, and its key in memory', () => {
  const { User, ReadonlyRootFilesystem, LinuxParameters, HealthCheck } = container();
  assert.strictEqual(User, '65532:65532');
  assert.strictEqual(ReadonlyRootFilesystem, true);
  assert.deepStrictEqual(LinuxParameters.Capabilities, { Drop: ['ALL'] });
  assert.strictEqual(LinuxParameters.Tmpfs[0].ContainerPath, '/run/certgate');
  assert.deepStrictEqual(HealthCheck.Command, ['CMD', '/certgate', 'health']);
});

test('it is stopped in order: deregistration_delay >= drain-delay + drain-timeout < stopTimeout', () => {
  const seconds = (name) => Number(/^(\d+)s$/.exec(value(name))[1]);
  const drain = seconds('CERTGATE_DRAIN_DELAY') + seconds('CERTGATE_DRAIN_TIMEOUT');
  assert.ok(container().StopTimeout > drain && container().StopTimeout <= 120);
  const attributes = only('AWS::ElasticLoadBalancingV2::TargetGroup').TargetGroupAttributes;
  const delay = attributes.find((each) => each.Key === 'deregistration_delay.timeout_seconds');
  assert.ok(Number(delay.Value) >= drain);
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
    LoadBalancerAttributes: Match.arrayWith([{ Key: 'idle_timeout.timeout_seconds', Value: '60' }]),
  });
  assert.ok(seconds('CERTGATE_HEADER_TIMEOUT') > 60);
});

test('tasks have no way out but the endpoints', () => {
  template.resourceCountIs('AWS::EC2::NatGateway', 0);
  template.resourceCountIs('AWS::EC2::VPCEndpoint', 5);
  template.hasResourceProperties('AWS::ECS::Service', {
    NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) },
    DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } },
    PlatformVersion: '1.4.0',
  });
  for (const group of Object.values(template.findResources('AWS::EC2::SecurityGroup'))) {
    // A placeholder that lets out nothing is all that may stand there.
    for (const rule of group.Properties.SecurityGroupEgress ?? []) {
      assert.strictEqual(rule.CidrIp, '255.255.255.255/32');
    }
  }
  for (const rule of Object.values(template.findResources('AWS::EC2::SecurityGroupEgress'))) {
    assert.strictEqual(rule.Properties.CidrIp, undefined);
  }
  for (const rule of Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'))) {
    assert.ok(rule.Properties.SourceSecurityGroupId);
  }
});
