'use strict';

const ec2 = require('aws-cdk-lib/aws-ec2');

/** Two zones; a load balancer in public subnets, tasks in subnets that lead nowhere but to the endpoints. */
function network(scope, { s3PrefixList }) {
  const vpc = new ec2.Vpc(scope, 'Vpc', {
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [
      { name: 'public', subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
      { name: 'tasks', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    ],
  });

  const tasks = new ec2.SecurityGroup(scope, 'TaskSecurityGroup', {
    vpc,
    description: 'certgate, tasks',
    allowAllOutbound: false,
  });
  const endpoints = new ec2.SecurityGroup(scope, 'EndpointSecurityGroup', {
    vpc,
    description: 'certgate, endpoints',
    allowAllOutbound: false,
  });
  endpoints.addIngressRule(tasks, ec2.Port.tcp(443), 'tasks of certgate');
  tasks.addEgressRule(endpoints, ec2.Port.tcp(443), 'SSM, ECR and logs by their endpoints');
  // Where ECR keeps the layers.
  tasks.addEgressRule(ec2.Peer.prefixList(s3PrefixList), ec2.Port.tcp(443), 'layers of ECR in S3');

  vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  // KMS isn't among them: it is SSM that decrypts.
  const services = { Ssm: 'SSM', EcrApi: 'ECR', EcrDkr: 'ECR_DOCKER', Logs: 'CLOUDWATCH_LOGS' };
  for (const [id, service] of Object.entries(services)) {
    vpc.addInterfaceEndpoint(id, {
      service: ec2.InterfaceVpcEndpointAwsService[service],
      subnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [endpoints],
      // Otherwise the whole VPC might come in.
      open: false,
    });
  }
  return { vpc, tasks, endpoints };
}

module.exports = { network };
