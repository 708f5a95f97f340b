version: STSv1
mode: enforce
mx: *.audit.alexsci.com
max_age: 604800