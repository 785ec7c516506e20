"""What runs because the clock or the queue says so. Jobs are shells: ids in, one action of travel."""
