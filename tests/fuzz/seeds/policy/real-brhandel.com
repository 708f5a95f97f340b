version: STSv1
mode: enforce
mx: *.mail.protection.outlook.com
max_age: 604800
