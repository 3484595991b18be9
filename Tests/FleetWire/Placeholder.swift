import FleetWire
