version: STSv1
mode: enforce
max_age: 2419200
mx: alt2.aspmx.l.google.com
mx: aspmx.l.google.com
mx: alt3.aspmx.l.google.com
mx: alt4.aspmx.l.google.com
mx: alt1.aspmx.l.google.com

