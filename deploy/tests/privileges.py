"""What the execution role of each setup may do: this and nothing else."""

PULL = {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


def listed(value):
    return value if isinstance(value, list) else [value]


def assert_least(statements, secrets, key=None, repositories=(), log="log-group:"):
    """`secrets`, `key` and `repositories` are what the statements have to name, as they are written there."""
    seen = {}
    for statement in statements:
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource", "Principal"} & set(statement), statement
        actions = frozenset(listed(statement["Action"]))
        assert actions not in seen, f"two statements for {sorted(actions)}"
        seen[actions] = statement
    expected = {frozenset({"ssm:GetParameters"}), frozenset({"logs:CreateLogStream", "logs:PutLogEvents"})}
    if key:
        expected.add(frozenset({"kms:Decrypt"}))
    if repositories:
        expected |= {frozenset(PULL), frozenset({"ecr:GetAuthorizationToken"})}
    assert set(seen) == expected

    for actions, statement in seen.items():
        resources = listed(statement["Resource"])
        if actions == {"ecr:GetAuthorizationToken"}:
            assert resources == ["*"]
        elif actions == {"ssm:GetParameters"}:
            assert sorted(resources, key=str) == sorted(secrets, key=str)
        elif actions == {"kms:Decrypt"}:
            assert resources == [key]
            condition = statement["Condition"]["StringEquals"]
            assert "ssm." in str(condition["kms:ViaService"])
            # Only as these parameters, not whatever else the key encrypts.
            assert sorted(listed(condition["kms:EncryptionContext:PARAMETER_ARN"]), key=str) == sorted(secrets, key=str)
        elif actions == PULL:
            assert sorted(resources, key=str) == sorted(repositories, key=str)
        else:
            assert len(resources) == 1 and log in str(resources[0]), resources


def assert_for_tasks_of_this_account(document):
    """A role's trust policy: ECS tasks, and none that another account started (the confused deputy)."""
    (statement,) = document["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    condition = statement["Condition"]
    assert "aws:SourceAccount" in condition["StringEquals"]
    assert "aws:SourceArn" in condition["ArnLike"]
