/** The part of NestJS that the adapter uses, so that the workspace installs no framework. */

declare module '@nestjs/common' {
  export interface HttpArgumentsHost {
    getRequest<Type>(): Type
    getResponse<Type>(): Type
  }
  export interface ArgumentsHost {
    getType(): string
    switchToHttp(): HttpArgumentsHost
  }
  export interface ExecutionContext extends ArgumentsHost {
    getHandler(): object
    getClass(): object
  }
  export interface CanActivate {
    canActivate(context: ExecutionContext): boolean | Promise<boolean>
  }
  export interface ExceptionFilter {
    catch(error: unknown, host: ArgumentsHost): unknown
  }
  export function Catch(...errors: object[]): (target: object) => void
  export function SetMetadata(key: string, value: unknown): MethodDecorator & ClassDecorator
}

declare namespace Reflect {
  /** Added by the package reflect-metadata, which NestJS requires. */
  function getMetadata(key: string, target: object): unknown
}
