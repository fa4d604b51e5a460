module processmanager

go 1.26
