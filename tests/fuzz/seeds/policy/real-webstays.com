version: STSv1
mode:    testing
mx:      hotelaroundtown-com.mail.protection.outlook.com
max_age: 86400

