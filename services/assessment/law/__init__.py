"""What the assessment service needs of the law beside the rule book."""
