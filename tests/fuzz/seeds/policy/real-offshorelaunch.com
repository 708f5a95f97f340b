version: STSv1
mode: enforce
mx: mail.offshorelaunch.com
max_age: 86400