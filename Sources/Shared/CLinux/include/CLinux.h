#pragma once

#include "cl_files.h"
#include "cl_loop.h"
