#include "common_headers.hpp"
