"""Permissions of a service application of Visma.net."""

READ = "vismanet_erp_service_api:read"
CREATE = "vismanet_erp_service_api:create"
UPDATE = "vismanet_erp_service_api:update"
DELETE = "vismanet_erp_service_api:delete"
