import './app/nonce'
import './styles.css'
import { RouterProvider } from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { openSession } from '@/api'
import { keepOneUserOnly } from '@/app/forget'
import { followSystem } from '@/app/theme'
import { registerWorker } from '@/app/worker'
import { router } from '@/routes/router'
import { TooltipProvider } from '@/ui'

keepOneUserOnly()
void openSession()
followSystem()
registerWorker()

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <TooltipProvider>
    <RouterProvider router={router} />
  </TooltipProvider>,
)
