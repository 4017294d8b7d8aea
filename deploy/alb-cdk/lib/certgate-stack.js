'use strict';

const { CfnOutput, CfnParameter, Duration, Fn, RemovalPolicy, Size, Stack } = require('aws-cdk-lib');
const { Certificate } = require('aws-cdk-lib/aws-certificatemanager');
const ec2 = require('aws-cdk-lib/aws-ec2');
const { Repository } = require('aws-cdk-lib/aws-ecr');
const ecs = require('aws-cdk-lib/aws-ecs');
const { ApplicationLoadBalancedFargateService } = require('aws-cdk-lib/aws-ecs-patterns');
const { ApplicationProtocol, Protocol, SslPolicy } = require('aws-cdk-lib/aws-elasticloadbalancingv2');
const iam = require('aws-cdk-lib/aws-iam');
const { LogGroup, RetentionDays } = require('aws-cdk-lib/aws-logs');
const { allowDecrypting, LeastSecret } = require('./least-secret.js');
const { network } = require('./network.js');

// Above 1023, so that nobody in the container needs to be root.
const TLS_PORT = 8443;
const HEALTH_PATH = '/.well-known/certgate-health';
const DRAIN_DELAY = Duration.seconds(10);
const DRAIN_TIMEOUT = Duration.seconds(60);

/**
 * A load balancer with a certificate of ACM, and behind it, by HTTPS with a self-signed certificate that the load
 * balancer doesn't look at, certgate with its static content (or with an application: README.md).
 */
class CertgateStack extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const parameters = this.readParameters();
    const { vpc, tasks, endpoints } = network(this, parameters);
    const taskDefinition = this.taskDefinition(parameters);
    const service = this.service(vpc, tasks, taskDefinition, parameters);
    // A task that starts before it can reach SSM and ECR fails, and three such failures end the deployment.
    service.node.addDependency(vpc, tasks, endpoints);
  }

  readParameters() {
    const parameter = (id, description, more = {}) =>
      new CfnParameter(this, id, { type: 'String', description, ...more }).valueAsString;
    return {
      certificate: parameter('ServerCertificate', 'ARN of the certificate in ACM that clients see.'),
      repository: parameter('RepositoryArn', 'ARN of the ECR repository of the image.'),
      tag: parameter('ImageTag', 'Tag of the image.'),
      s3PrefixList: parameter('S3PrefixList', 'The prefix list of S3 in this region (pl-...).'),
      architecture: parameter('Architecture', 'What the image was built for.', {
        default: 'X86_64',
        allowedValues: ['X86_64', 'ARM64'],
      }),
      serverCertificate: parameter('CertificateParameter', 'SSM parameter of the self-signed certificate.', {
        default: '/certgate/server-certificate',
      }),
      serverKey: parameter('KeyParameter', 'SSM parameter of its key.', { default: '/certgate/server-key' }),
      ticketSecret: parameter('TicketSecretParameter', 'SSM parameter of the secret of session tickets.', {
        default: '/certgate/ticket-secret',
      }),
    };
  }

  taskDefinition(parameters) {
    const forTasksOfThisAccount = () =>
      new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.account },
          ArnLike: { 'aws:SourceArn': this.formatArn({ service: 'ecs', resource: '*' }) },
        },
      });
    const taskDefinition = new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: 256,
      memoryLimitMiB: 512,
      runtimePlatform: {
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
        cpuArchitecture: ecs.CpuArchitecture.of(parameters.architecture),
      },
      executionRole: new iam.Role(this, 'ExecutionRole', { assumedBy: forTasksOfThisAccount() }),
      // What the container itself may do at AWS: nothing.
      taskRole: new iam.Role(this, 'TaskRole', { assumedBy: forTasksOfThisAccount() }),
    });

    const secret = (name) =>
      new LeastSecret(this.formatArn({ service: 'ssm', resource: Fn.join('', ['parameter', name]) }));
    const secrets = {
      SSL_SERVER_CERTIFICATE: secret(parameters.serverCertificate),
      SSL_SERVER_KEY: secret(parameters.serverKey),
      CERTGATE_TICKET_SECRET: secret(parameters.ticketSecret),
    };
    // The key of the parameters, if it isn't the account's alias/aws/ssm: cdk deploy --context parameterKey=arn:...
    const key = this.node.tryGetContext('parameterKey');
    if (key) {
      allowDecrypting(taskDefinition.executionRole, key, Object.values(secrets), this);
    }
    const linuxParameters = new ecs.LinuxParameters(this, 'LinuxParameters');
    linuxParameters.dropCapabilities(ecs.Capability.ALL);
    const repository = Repository.fromRepositoryAttributes(this, 'Repository', {
      repositoryArn: parameters.repository,
      repositoryName: Fn.select(1, Fn.split(':repository/', parameters.repository)),
    });
    const logGroup = new LogGroup(this, 'LogGroup', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    taskDefinition.addContainer('certgate', {
      image: ecs.ContainerImage.fromEcrRepository(repository, parameters.tag),
      user: '65532:65532',
      readonlyRootFilesystem: true,
      linuxParameters,
      portMappings: [{ containerPort: TLS_PORT }],
      environment: {
        CERTGATE_LISTEN: `0.0.0.0:${TLS_PORT}`,
        // The client is the load balancer, which has no certificate to show.
        CERTGATE_CLIENT_AUTH: 'off',
        CERTGATE_HEALTH_PATH: HEALTH_PATH,
        CERTGATE_DRAIN_DELAY: `${DRAIN_DELAY.toSeconds()}s`,
        CERTGATE_DRAIN_TIMEOUT: `${DRAIN_TIMEOUT.toSeconds()}s`,
        // Longer than the load balancer keeps an idle connection, so that it is never the target that closes one.
        CERTGATE_HEADER_TIMEOUT: '75s',
      },
      secrets,
      healthCheck: {
        command: ['CMD', '/certgate', 'health'],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(10),
      },
      // More than both drain times; Fargate takes 120 s at most.
      stopTimeout: DRAIN_DELAY.plus(DRAIN_TIMEOUT).plus(Duration.seconds(20)),
      logging: ecs.LogDrivers.awsLogs({
        logGroup,
        streamPrefix: 'gateway',
        // A log service that is slow holds up nothing.
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(8),
      }),
    });
    // addTmpfs refuses Fargate, which has had tmpfs since January 2026 on platform version 1.4.0. It keeps the key in
    // memory.
    taskDefinition.node.defaultChild.addPropertyOverride('ContainerDefinitions.0.LinuxParameters.Tmpfs', [
      {
        ContainerPath: '/run/certgate',
        Size: 16,
        MountOptions: ['mode=0700', 'uid=65532', 'gid=65532', 'noexec', 'nosuid', 'nodev'],
      },
    ]);
    return taskDefinition;
  }

  service(vpc, securityGroup, taskDefinition, parameters) {
    const service = new ApplicationLoadBalancedFargateService(this, 'Service', {
      cluster: new ecs.Cluster(this, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED }),
      taskDefinition,
      desiredCount: 2,
      platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
      securityGroups: [securityGroup],
      taskSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      assignPublicIp: false,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(30),
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      // Towards clients: a certificate of ACM. Without this, HTTPS would need a hosted zone to make one in.
      protocol: ApplicationProtocol.HTTPS,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', parameters.certificate),
      sslPolicy: SslPolicy.TLS13_RES,
      redirectHTTP: true,
      idleTimeout: Duration.seconds(60),
      // Towards certgate. The construct's own default is HTTP, whatever `protocol` says.
      targetProtocol: ApplicationProtocol.HTTPS,
    });
    // Tasks start only with all of the role's policy, and where health checks reach them.
    service.service.node.addDependency(taskDefinition.executionRole, service.loadBalancer);
    service.loadBalancer.setAttribute('routing.http.drop_invalid_header_fields.enabled', 'true');
    service.targetGroup.configureHealthCheck({
      protocol: Protocol.HTTPS,
      path: HEALTH_PATH,
      healthyHttpCodes: '200',
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 3,
    });
    // As long as a request may still take.
    const delay = DRAIN_DELAY.plus(DRAIN_TIMEOUT);
    service.targetGroup.setAttribute('deregistration_delay.timeout_seconds', `${delay.toSeconds()}`);
    new CfnOutput(this, 'DnsName', { value: service.loadBalancer.loadBalancerDnsName });
    return service.service;
  }
}

module.exports = { CertgateStack };
